import { Controller, Get, Param, Query } from '@nestjs/common';
import { LogsService } from './logs.service.js';
import type { Log } from './schemas/log.schema.js';

@Controller('logs')
export class LogsController {
  constructor(private readonly logs: LogsService) {}

  @Get()
  all(@Query('service') service?: Log['service'], @Query('status') status?: Log['status']) {
    return this.logs.find({ ...(service && { service }), ...(status && { status }) });
  }

  @Get('order/:orderId')
  ofOrder(@Param('orderId') orderId: string) {
    return this.logs.find({ orderId });
  }

  @Get('product/:sku')
  ofProduct(@Param('sku') productSku: string) {
    return this.logs.find({ productSku });
  }
}
