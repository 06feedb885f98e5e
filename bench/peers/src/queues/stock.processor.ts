import { Process, Processor } from '@nestjs/bull';
import type { Job } from 'bull';
import { LogsService } from '../logs/logs.service.js';
import { OdooService } from '../odoo/odoo.service.js';
import { REDUCE_STOCK, STOCK_QUEUE, type StockJob } from './stock.job.js';

@Processor(STOCK_QUEUE)
export class StockProcessor {
  constructor(
    private readonly odoo: OdooService,
    private readonly logs: LogsService,
  ) {}

  /** Steps 5 and 6 of the description. Bull's default concurrency is 1. */
  @Process({ name: REDUCE_STOCK, concurrency: Number(process.env.STOCK_CONCURRENCY ?? 1) })
  async reduce(job: Job<StockJob>) {
    const { orderId, sku, quantity } = job.data;
    const about = { service: 'orchestrator' as const, action: 'reduce_stock', orderId, productSku: sku };
    const began = Date.now();
    await this.logs.create({ ...about, status: 'pending', request: job.data });
    try {
      const result = await this.odoo.reduceStock(sku, quantity);
      await this.logs.create({ ...about, status: 'success', response: result, duration: Date.now() - began });
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await this.logs.create({ ...about, status: 'error', response: { message }, duration: Date.now() - began });
      throw error;
    }
  }
}
