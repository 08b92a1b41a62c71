import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { PlaybackController } from './playback.controller.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackStore } from './playback-store.js';

/** Playback of rooms: commands, advancing when a track ends, and reactions to added and removed tracks. */
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

  /** Playback reacts to events of tracks, so that the tracks module does not depend on playback. */
  onModuleInit(): void {
    this.broadcaster.react('track_added', (change, event) =>
      this.playback.startFirstTrack(change, event.data.track.id),
    );
    this.broadcaster.react('track_removed', (change, event) =>
      this.playback.advanceAfterRemoval(change, event.data.track, event.data.removed_by),
    );
  }

  onApplicationBootstrap(): void {
    this.scheduler.start((roomId) => this.playback.advanceIfEnded(roomId));
  }
}
