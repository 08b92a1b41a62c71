import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { ClockCarryOver } from './clock-carry-over.js';
import { Lead } from './lead.js';
import { PlaybackChanges } from './playback-changes.js';
import { PlaybackController } from './playback.controller.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackStore } from './playback-store.js';
import { TrackAdvance } from './track-advance.js';

/** Playback of rooms: commands, advancing when a track ends, and reactions to added and removed tracks. */
@Module({
  imports: [RoomsModule, TracksModule],
  controllers: [PlaybackController],
  providers: [
    PlaybackService,
    PlaybackStore,
    PlaybackChanges,
    PlaybackScheduler,
    TrackAdvance,
    ClockCarryOver,
    Lead,
  ],
  exports: [PlaybackStore],
})
export class PlaybackModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly advance: TrackAdvance,
    private readonly carryOver: ClockCarryOver,
    private readonly scheduler: PlaybackScheduler,
    private readonly broadcaster: EventBroadcasterService,
  ) {}

  /** Playback reacts to events of tracks, so that the tracks module does not depend on playback. */
  onModuleInit(): void {
    this.broadcaster.react('track_added', (change, event) =>
      this.advance.trackAdded(change, event.data.track.id),
    );
    this.broadcaster.react('track_removed', (change, event) =>
      this.advance.trackRemoved(change, event.data.track, event.data.removed_by),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.carryOver.convert();
    this.scheduler.start((roomId) => this.advance.advanceIfDue(roomId));
  }
}
