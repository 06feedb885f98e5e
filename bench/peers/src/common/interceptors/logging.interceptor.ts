import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import { LogsService } from '../../logs/logs.service.js';

/** One log of each request, written after the answer: nobody waits for it. */
@Injectable()
export class LoggingInterceptor implements NestInterceptor {
  constructor(private readonly logs: LogsService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest();
    const began = Date.now();
    const entry = { service: 'api' as const, action: `${request.method} ${request.url}`, request: request.body };
    const write = (status: 'success' | 'error', response: unknown) => {
      this.logs.create({ ...entry, status, response, duration: Date.now() - began }).catch(() => undefined);
    };
    return next.handle().pipe(
      tap({
        next: (answer) => write('success', answer),
        error: (error: Error) => write('error', { message: error.message }),
      }),
    );
  }
}
