import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import { type HydratedDocument, Schema as MongooseSchema } from 'mongoose';

export type LogDocument = HydratedDocument<Log>;

@Schema()
export class Log {
  @Prop({ type: String, required: true, enum: ['falabella', 'odoo', 'orchestrator', 'api'], index: true })
  service: 'falabella' | 'odoo' | 'orchestrator' | 'api';

  @Prop({ type: String, required: true })
  action: string;

  @Prop({ type: String, required: true, enum: ['success', 'error', 'pending'], index: true })
  status: 'success' | 'error' | 'pending';

  @Prop({ type: MongooseSchema.Types.Mixed })
  request?: unknown;

  @Prop({ type: MongooseSchema.Types.Mixed })
  response?: unknown;

  @Prop({ type: Number })
  duration?: number;

  @Prop({ type: String, index: true })
  orderId?: string;

  @Prop({ type: String, index: true })
  productSku?: string;

  @Prop({ type: Date, default: Date.now, index: true })
  timestamp?: Date;
}

export const LogSchema = SchemaFactory.createForClass(Log);
