import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SessionsService } from '../auth/sessions.service.js';
import { Problem } from '../errors/problem.js';
import type { Connection } from './connection.js';
import { RoomStreams } from './room-streams.js';

/**
 * Closes the connections of a session when it is revoked by a logout or a registration; `DeliverySweeper` closes those
 * of expired tokens in the same way.
 */
@Injectable()
export class EndedSessions implements OnApplicationBootstrap {
  constructor(
    private readonly streams: RoomStreams,
    private readonly sessions: SessionsService,
  ) {}

  onApplicationBootstrap(): void {
    this.sessions.ended.subscribe((sessionId) => {
      for (const connection of [...this.streams.connections()]) {
        if (connection.caller.sessionId === sessionId) closeEndedSession(connection);
      }
    });
  }
}

export function closeEndedSession(connection: Connection): void {
  connection.closeWith(new Problem('session_ended', 'The token was revoked or has expired: sign in again.'));
}
