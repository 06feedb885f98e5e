import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { LoggingInterceptor } from './common/interceptors/logging.interceptor.js';
import { LogsService } from './logs/logs.service.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'fatal'] });
app.enableCors();
app.useGlobalPipes(new ValidationPipe({ transform: true }));
app.useGlobalInterceptors(new LoggingInterceptor(app.get(LogsService)));
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
const { port } = app.getHttpServer().address() as AddressInfo;
console.log(`listening on http://127.0.0.1:${port}`);
