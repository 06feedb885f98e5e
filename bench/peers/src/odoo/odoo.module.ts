import { Module } from '@nestjs/common';
import { LogsModule } from '../logs/logs.module.js';
import { OdooController } from './odoo.controller.js';
import { OdooService } from './odoo.service.js';

@Module({
  imports: [LogsModule],
  controllers: [OdooController],
  providers: [OdooService],
  exports: [OdooService],
})
export class OdooModule {}
