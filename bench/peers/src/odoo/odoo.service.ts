import { Injectable, NotFoundException } from '@nestjs/common';
import axios from 'axios';
import { LogsService } from '../logs/logs.service.js';
import type { Product, Quant, StockChange } from './odoo.interface.js';

const INVENTORY_MODE = { context: { inventory_mode: true } };

@Injectable()
export class OdooService {
  private readonly http = axios.create({ baseURL: process.env.ODOO_URL, timeout: 30_000 });
  private readonly database = process.env.ODOO_DB;
  private readonly username = process.env.ODOO_USERNAME;
  private readonly password = process.env.ODOO_PASSWORD;
  private login?: Promise<number>;

  constructor(private readonly logs: LogsService) {}

  async stock(sku: string) {
    const { product, quant } = await this.find(sku);
    return { sku, productId: product.id, available: quant.quantity - quant.reserved_quantity };
  }

  reduceStock(sku: string, quantity: number): Promise<StockChange> {
    return this.change('reduce_stock', sku, -quantity);
  }

  increaseStock(sku: string, quantity: number): Promise<StockChange> {
    return this.change('increase_stock', sku, quantity);
  }

  /** Read the product and its quant, write the new number, apply it. */
  private async change(action: string, sku: string, difference: number): Promise<StockChange> {
    const began = Date.now();
    const { quant } = await this.find(sku);
    const newStock = quant.quantity + difference;
    await this.execute('stock.quant', 'write', [[quant.id], { inventory_quantity: newStock }], INVENTORY_MODE);
    await this.execute('stock.quant', 'action_apply_inventory', [[quant.id]]);
    const result = { sku, previousStock: quant.quantity, newStock };
    const duration = Date.now() - began;
    await this.logs.create({ service: 'odoo', action, status: 'success', productSku: sku, response: result, duration });
    return result;
  }

  private async find(sku: string): Promise<{ product: Product; quant: Quant }> {
    const [product] = await this.execute<Product[]>(
      'product.product',
      'search_read',
      [[['default_code', '=', sku]]],
      { fields: ['id', 'default_code'], limit: 1 },
    );
    if (!product) throw new NotFoundException(`Product ${sku} not found in Odoo`);
    const [quant] = await this.execute<Quant[]>(
      'stock.quant',
      'search_read',
      [[['product_id', '=', product.id], ['location_id.usage', '=', 'internal']]],
      { fields: ['id', 'quantity', 'reserved_quantity'], limit: 1 },
    );
    if (!quant) throw new NotFoundException(`No stock of ${sku} in Odoo`);
    return { product, quant };
  }

  private async execute<T>(model: string, method: string, args: unknown[], kwargs: object = {}): Promise<T> {
    this.login ??= this.call<number>('common', 'authenticate', [this.database, this.username, this.password, {}]);
    const uid = await this.login;
    return this.call<T>('object', 'execute_kw', [this.database, uid, this.password, model, method, args, kwargs]);
  }

  private async call<T>(service: string, method: string, args: unknown[]): Promise<T> {
    const params = { service, method, args };
    const { data } = await this.http.post('/jsonrpc', { jsonrpc: '2.0', method: 'call', id: Date.now(), params });
    if (data.error) throw new Error(data.error.data?.message ?? data.error.message);
    return data.result;
  }
}
