import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { EventRates } from './event-rates.js';
import { LoopDelay } from './loop-delay.js';
import { OperatorController } from './operator.controller.js';
import { OverviewService } from './overview.service.js';
import { RoomOverviews } from './room-overviews.js';

/** What the operator of the server sees and does, if the setting `ADMIN_TOKEN` is given. */
@Module({
  imports: [AuthModule, RoomsModule, TracksModule],
  controllers: [OperatorController],
  providers: [OverviewService, RoomOverviews, EventRates, LoopDelay],
})
export class OperatorModule {}
