import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ProductDto } from '../falabella/dto/order.dto.js';
import { OdooService } from './odoo.service.js';

@Controller('odoo/stock')
export class OdooController {
  constructor(private readonly odoo: OdooService) {}

  @Get(':sku')
  stock(@Param('sku') sku: string) {
    return this.odoo.stock(sku);
  }

  @Post('reduce')
  @HttpCode(200)
  reduce(@Body() { sku, quantity }: ProductDto) {
    return this.odoo.reduceStock(sku, quantity);
  }

  @Post('increase')
  @HttpCode(200)
  increase(@Body() { sku, quantity }: ProductDto) {
    return this.odoo.increaseStock(sku, quantity);
  }
}
