import { type DynamicModule, Global, Module } from '@nestjs/common';
import { EventBroadcasterService } from './event-broadcaster.service.js';
import { EventBus } from './bus/event-bus.js';
import { EventLog } from './event-log.js';
import { GuardedBus } from './bus/guarded-bus.js';
import { LogContinuity } from './log-continuity.js';
import { RetentionService } from './retention.service.js';
import { RoomTransactions } from './room-transactions.js';
import { Statistics } from '../metrics/statistics.js';

/** Provides the broadcaster, the log, the bus and the counters to every module. */
@Global()
@Module({})
export class EventsModule {
  /** @param bus how this node reaches the others */
  static with(bus: EventBus): DynamicModule {
    return {
      module: EventsModule,
      providers: [
        EventBroadcasterService,
        RoomTransactions,
        EventLog,
        RetentionService,
        LogContinuity,
        GuardedBus,
        Statistics,
        { provide: EventBus, useValue: bus },
      ],
      exports: [EventBroadcasterService, EventLog, GuardedBus, Statistics],
    };
  }
}
