import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { ClockCarryOver } from './clock-carry-over.js';
import { Lead } from './lead.js';
import { NextTracks } from './next-track.js';
import { PlaybackChanges } from './playback-changes.js';
import { PlaybackController } from './playback.controller.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackStore } from './playback-store.js';
import { SkipVoteService } from './skip-vote.service.js';
import { SkipVotes } from './skip-votes.js';
import { TrackAdvance } from './track-advance.js';

/** Playback of rooms: commands, advancing when a track ends, and reactions to added and removed tracks. */
@Module({
  imports: [RoomsModule, TracksModule],
  controllers: [PlaybackController],
  providers: [
    PlaybackService,
    PlaybackStore,
    PlaybackChanges,
    NextTracks,
    SkipVotes,
    SkipVoteService,
    PlaybackScheduler,
    TrackAdvance,
    ClockCarryOver,
    Lead,
  ],
  exports: [PlaybackStore, SkipVotes, SkipVoteService],
})
export class PlaybackModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly advance: TrackAdvance,
    private readonly carryOver: ClockCarryOver,
    private readonly scheduler: PlaybackScheduler,
    private readonly skipVotes: SkipVoteService,
    private readonly broadcaster: EventBroadcasterService,
  ) {}

  /** Playback reacts to events of tracks and users, so that their modules do not depend on playback. */
  onModuleInit(): void {
    this.broadcaster.react('track_added', (change, event) =>
      this.advance.trackAdded(change, event.data.track.id),
    );
    this.broadcaster.react('track_removed', (change, event) =>
      this.advance.trackRemoved(change, event.data.track, event.data.removed_by),
    );
    this.broadcaster.react('user_left', (change, event) =>
      this.skipVotes.userLeft(change, event.data.user.id),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.carryOver.convert();
    this.scheduler.start((roomId) => this.advance.advanceIfDue(roomId));
  }
}
