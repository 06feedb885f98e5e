import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Model } from 'mongoose';
import { Log, type LogDocument } from './schemas/log.schema.js';

@Injectable()
export class LogsService {
  constructor(@InjectModel(Log.name) private readonly model: Model<LogDocument>) {}

  async create(entry: Partial<Log>): Promise<void> {
    await this.model.create(entry);
  }

  find(filter: Partial<Log>, limit = 100): Promise<Log[]> {
    return this.model.find(filter).sort({ timestamp: -1 }).limit(limit).lean<Log[]>().exec();
  }
}
