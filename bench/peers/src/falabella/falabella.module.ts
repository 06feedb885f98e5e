import { Module } from '@nestjs/common';
import { LogsModule } from '../logs/logs.module.js';
import { QueuesModule } from '../queues/queues.module.js';
import { FalabellaController } from './falabella.controller.js';
import { FalabellaService } from './falabella.service.js';

@Module({
  imports: [LogsModule, QueuesModule],
  controllers: [FalabellaController],
  providers: [FalabellaService],
})
export class FalabellaModule {}
