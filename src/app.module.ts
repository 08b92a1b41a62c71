import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import { AuthModule } from './auth/auth.module.js';
import { ClusterModule } from './cluster/cluster.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { HttpProblemFilter } from './errors/http-problem.filter.js';
import { InputPipe } from './errors/input.pipe.js';
import { type EventBus, LocalEventBus } from './events/bus/event-bus.js';
import { EventsModule } from './events/events.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { loggerOptions } from './operations/logging.js';
import { OperationsModule } from './operations/operations.module.js';
import { PlaybackModule } from './playback/playback.module.js';
import { RoomStateModule } from './room-state/room-state.module.js';
import { RoomsModule } from './rooms/rooms.module.js';
import { InspectionModule } from './tracks/inspection/inspection.module.js';
import { TracksModule } from './tracks/tracks.module.js';

export interface Parts {
  /** How this node reaches the others. */
  bus?: EventBus;
  /** The compiled worker that inspects uploads. */
  inspectionWorker: URL;
}

/** The whole server, for `createServer`: every module, and the input pipe and error filter that all routes share. */
@Module({})
export class AppModule {
  static with(settings: Settings, { bus = new LocalEventBus(), inspectionWorker }: Parts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(settings),
        LoggerModule.forRoot(loggerOptions(settings)),
        LimitsModule,
        DatabaseModule,
        EventsModule.with(bus),
        ClusterModule,
        DeliveryModule,
        // Guards run in the order of these: who is asking, before how often.
        AuthModule,
        OperationsModule,
        RoomsModule,
        InspectionModule.with(inspectionWorker),
        TracksModule,
        PlaybackModule,
        RoomStateModule,
        GatewayModule,
      ],
      providers: [
        { provide: APP_PIPE, useClass: InputPipe },
        { provide: APP_FILTER, useClass: HttpProblemFilter },
      ],
    };
  }
}
