import { BullModule } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { LogsModule } from '../logs/logs.module.js';
import { OdooModule } from '../odoo/odoo.module.js';
import { STOCK_QUEUE } from './stock.job.js';
import { StockProcessor } from './stock.processor.js';

@Module({
  imports: [BullModule.registerQueue({ name: STOCK_QUEUE }), LogsModule, OdooModule],
  providers: [StockProcessor],
  exports: [BullModule],
})
export class QueuesModule {}
