import { type RoomReaction, reactions } from '@roomcast/client';
import { useRef } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom } from '../joined-room.js';
import { useRun } from '../room-tools.js';
import classes from './reaction-bar.module.css';

/** Who taps faster sends no more. */
const minPauseMs = 300;

/** Sends a reaction that everyone in the room sees for a moment. */
export function ReactionBar() {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const lastAt = useRef(-Infinity);
  const react = (reaction: RoomReaction) => {
    const now = performance.now();
    if (now - lastAt.current < minPauseMs) return;
    lastAt.current = now;
    run(room.react(reaction));
  };
  return (
    <div className={classes.bar} role="group" aria-label={text.reactions}>
      {reactions.map((reaction) => (
        <button
          key={reaction}
          type="button"
          className={classes.reaction}
          aria-label={text.react(reaction)}
          onClick={() => react(reaction)}
        >
          {reaction}
        </button>
      ))}
    </div>
  );
}
