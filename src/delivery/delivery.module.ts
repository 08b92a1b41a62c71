import { Global, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliverySweeper } from './delivery-sweeper.js';
import { EndedSessions } from './ended-sessions.js';
import { MissedEventCheck } from './missed-event-check.js';
import { DeliveryReportsService } from './reports/delivery-reports.service.js';
import { LateConfirmationsService } from './reports/late-confirmations.service.js';
import { RoomStreams } from './room-streams.js';

/** The rooms' streams on this node, their connections, and the outcome of each critical event. */
@Global()
@Module({
  imports: [AuthModule],
  providers: [
    RoomStreams,
    DeliverySweeper,
    MissedEventCheck,
    EndedSessions,
    DeliveryReportsService,
    LateConfirmationsService,
  ],
  exports: [RoomStreams, DeliveryReportsService],
})
export class DeliveryModule {}
