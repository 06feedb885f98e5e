import { timingSafeEqual } from 'node:crypto';
import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { LogsService } from '../logs/logs.service.js';
import { REDUCE_STOCK, STOCK_QUEUE, type StockJob } from '../queues/stock.job.js';
import type { OrderDto } from './dto/order.dto.js';

@Injectable()
export class FalabellaService {
  private readonly secret = Buffer.from(process.env.FALABELLA_WEBHOOK_SECRET ?? '');

  constructor(
    @InjectQueue(STOCK_QUEUE) private readonly queue: Queue<StockJob>,
    private readonly logs: LogsService,
  ) {}

  isSigned(signature: string | undefined): boolean {
    const given = Buffer.from(signature ?? '');
    return given.length === this.secret.length && timingSafeEqual(given, this.secret);
  }

  /** Steps 3 and 4 of the description: the log is written, then one job of each product is queued. */
  async receive(order: OrderDto): Promise<void> {
    const about = { service: 'falabella' as const, orderId: order.orderId };
    await this.logs.create({ ...about, action: 'order_received', status: 'pending', request: order });
    for (const { sku, quantity } of order.products) {
      await this.queue.add(REDUCE_STOCK, { orderId: order.orderId, sku, quantity });
    }
  }
}
