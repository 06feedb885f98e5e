import { Body, Controller, Headers, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import { OrderDto } from './dto/order.dto.js';
import { FalabellaService } from './falabella.service.js';

@Controller('falabella/webhook')
export class FalabellaController {
  constructor(private readonly falabella: FalabellaService) {}

  @Post('order')
  @HttpCode(200)
  async order(@Headers('x-falabella-signature') signature: string | undefined, @Body() order: OrderDto) {
    if (!this.falabella.isSigned(signature)) throw new UnauthorizedException('Invalid signature');
    await this.falabella.receive(order);
    return { success: true, message: 'Order received', orderId: order.orderId };
  }
}
