import { useRef } from 'react';
import { useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { formatTime, useEachPosition } from '../room/playing/each-position.js';
import classes from './tv.module.css';

/** The position as a bar and as a clock. Drawn in each frame, without rendering. */
export function TvProgress() {
  const { tv: text } = useTexts();
  const duration = useRoomState((state) => state.current_track?.duration ?? 0);
  const bar = useRef<HTMLDivElement>(null);
  const fill = useRef<HTMLDivElement>(null);
  const clock = useRef<HTMLSpanElement>(null);
  useEachPosition((position, of) => {
    fill.current!.style.width = `${of > 0 ? (100 * position) / of : 0}%`;
    const shown = formatTime(position);
    if (clock.current!.textContent === shown) return;
    clock.current!.textContent = shown;
    bar.current!.setAttribute('aria-valuenow', String(Math.floor(position)));
  });
  return (
    <>
      <div
        ref={bar}
        role="progressbar"
        aria-label={text.progress}
        aria-valuemin={0}
        aria-valuemax={Math.ceil(duration)}
        className={classes.bar}
      >
        <div ref={fill} className={classes.fill} />
      </div>
      <div className={classes.times}>
        <span ref={clock}>0:00</span>
        <span>{formatTime(duration)}</span>
      </div>
    </>
  );
}
