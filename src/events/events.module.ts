import { Global, Module } from '@nestjs/common';
import { EventBroadcasterService } from './event-broadcaster.service.js';
import { EventBus, LocalEventBus } from './event-bus.js';
import { EventLog } from './event-log.js';

@Global()
@Module({
  providers: [EventBroadcasterService, EventLog, { provide: EventBus, useClass: LocalEventBus }],
  exports: [EventBroadcasterService, EventLog],
})
export class EventsModule {}
