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
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { LifecycleModule } from './lifecycle/lifecycle.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { loggerOptions } from './operations/logging.js';
import { OperationsModule } from './operations/operations.module.js';
import { OperatorModule } from './operator/operator.module.js';
import { PageModule } from './page/page.module.js';
import { PlaybackModule } from './playback/playback.module.js';
import { ProcessesModule } from './processes/processes.module.js';
import type { Programs } from './processes/programs.js';
import { RoomStateModule } from './room-state/room-state.module.js';
import { RoomsModule } from './rooms/rooms.module.js';
import { AnalysisModule } from './tracks/analysis/analysis.module.js';
import { InspectionModule } from './tracks/inspection/inspection.module.js';
import { TracksModule } from './tracks/tracks.module.js';

/** Parts of the server that tests and other deployments replace. */
export interface Parts {
  /** The connection to the other nodes. Default: none, a single node. */
  bus?: EventBus;
  /** The compiled files that run outside of the main thread. */
  programs: Programs;
  /** The folder of the built page. */
  pageFolder: URL;
}

/** The root module: all modules of the server, with the validation and error handling of every route. */
@Module({})
export class AppModule {
  static with(settings: Settings, parts: Parts): DynamicModule {
    const { bus = new LocalEventBus(), programs, pageFolder } = parts;
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(settings),
        LoggerModule.forRoot(loggerOptions(settings)),
        LimitsModule,
        DatabaseModule,
        LifecycleModule,
        IdempotencyModule,
        EventsModule.with(bus),
        ClusterModule,
        ProcessesModule.with(programs),
        DeliveryModule,
        // Global guards run in the order of their modules: authentication (AuthModule) before rate limits.
        AuthModule,
        OperationsModule,
        RoomsModule,
        InspectionModule,
        AnalysisModule,
        TracksModule,
        PlaybackModule,
        RoomStateModule,
        GatewayModule,
        OperatorModule,
        PageModule.with(pageFolder),
      ],
      providers: [
        { provide: APP_PIPE, useClass: InputPipe },
        { provide: APP_FILTER, useClass: HttpProblemFilter },
      ],
    };
  }
}
