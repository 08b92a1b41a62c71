import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { PlaybackController } from './playback.controller.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackStore } from './playback-store.js';

/**
 * Playback of rooms. Reacts to events of tracks in the transaction that raises them, and advances rooms whose track
 * ends.
 */
@Module({
  imports: [RoomsModule, TracksModule],
  controllers: [PlaybackController],
  providers: [PlaybackService, PlaybackStore, PlaybackScheduler],
  exports: [PlaybackStore],
})
export class PlaybackModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly playback: PlaybackService,
    private readonly scheduler: PlaybackScheduler,
    private readonly broadcaster: EventBroadcasterService,
  ) {}

  /** Playback answers what happens to tracks; tracks know nothing of playback. */
  onModuleInit(): void {
    this.broadcaster.react('track_added', (change, event) =>
      this.playback.startIfSilent(change, event.data.track.id),
    );
    this.broadcaster.react('track_removed', (change, event) =>
      this.playback.goOnWithout(change, event.data.track, event.data.removed_by),
    );
  }

  onApplicationBootstrap(): void {
    this.scheduler.begin((roomId) => this.playback.advanceIfEnded(roomId));
  }
}
