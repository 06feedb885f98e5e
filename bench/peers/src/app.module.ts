import { BullModule } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { AppController } from './app.controller.js';
import { FalabellaModule } from './falabella/falabella.module.js';
import { LogsModule } from './logs/logs.module.js';
import { OdooModule } from './odoo/odoo.module.js';
import { QueuesModule } from './queues/queues.module.js';

@Module({
  imports: [
    MongooseModule.forRoot(process.env.MONGODB_URI ?? 'mongodb://localhost:27017/orquestador'),
    BullModule.forRoot({
      redis: {
        host: process.env.REDIS_HOST ?? 'localhost',
        port: Number(process.env.REDIS_PORT ?? 6379),
      },
    }),
    LogsModule,
    OdooModule,
    QueuesModule,
    FalabellaModule,
  ],
  controllers: [AppController],
})
export class AppModule {}
