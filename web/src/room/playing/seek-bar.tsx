import type { Track } from '@roomcast/client';
import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useRef } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { useMay } from '../permissions.js';
import { useRun } from '../room-tools.js';
import { formatTime, useEachPosition } from './each-position.js';
import classes from './seek-bar.module.css';
import { useWaveform, waveformBox } from './waveform.js';

/** Keys that are pressed quickly after each other are one command. */
const keyDelayMs = 300;
const keySteps: Record<string, number> = {
  ArrowLeft: -5,
  ArrowDown: -5,
  ArrowRight: 5,
  ArrowUp: 5,
  PageDown: -30,
  PageUp: 30,
  Home: -Infinity,
  End: Infinity,
};

/**
 * Progress and position of the current track: its waveform, or a bar where there is none. A slider for who may control
 * playback. Times run from left to right in every language, as on players everywhere.
 */
export function SeekBar({ track }: { track: Track }) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const isStopped = useRoomState((state) => state.playback.status === 'stopped');
  const maySeek = useMay('playback_control') && !isStopped;
  const waveform = useWaveform(track);
  const bar = useRef<HTMLDivElement>(null);
  const elapsed = useRef<HTMLSpanElement>(null);
  /** The position that the user is choosing, in seconds. */
  const chosen = useRef<number>(undefined);
  const shown = useRef({ position: 0, pixel: -1, second: -1 });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), [track.id]);
  // The end of the drag is not heard then. Before the next frame, which draws where the room is.
  useLayoutEffect(() => {
    if (!maySeek) chosen.current = undefined;
  }, [maySeek]);

  const draw = (position: number, duration: number) => {
    const at = chosen.current ?? position;
    const ratio = duration > 0 ? at / duration : 0;
    shown.current.position = at;
    // Half a pixel of a wide bar; less cannot be seen.
    const pixel = Math.round(ratio * 2000);
    if (pixel !== shown.current.pixel) bar.current?.style.setProperty('--played', String(pixel / 2000));
    const second = Math.floor(at);
    if (second !== shown.current.second) {
      if (elapsed.current) elapsed.current.textContent = formatTime(at);
      bar.current?.setAttribute('aria-valuenow', String(second));
      bar.current?.setAttribute(
        'aria-valuetext',
        text.positionOf(formatTime(at), formatTime(track.duration)),
      );
    }
    shown.current.pixel = pixel;
    shown.current.second = second;
  };
  useEachPosition(draw);

  const choose = (position: number) => {
    chosen.current = Math.max(0, Math.min(track.duration - 0.1, position));
    draw(chosen.current, track.duration);
  };
  const seek = () => {
    const position = chosen.current;
    chosen.current = undefined;
    if (position !== undefined) run(room.seek(position));
  };
  const choosePoint = ({ clientX }: PointerEvent) => {
    const box = bar.current!.getBoundingClientRect();
    choose(((clientX - box.left) / box.width) * track.duration);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = keySteps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(shown.current.position + step);
    clearTimeout(timer.current);
    timer.current = setTimeout(seek, keyDelayMs);
  };

  return (
    <div className={classes.seek} dir="ltr">
      <div
        ref={bar}
        className={classes.bar}
        data-plain={waveform.is !== 'loaded'}
        data-wave={waveform.is !== 'missing'}
        role="slider"
        aria-label={text.position}
        aria-valuemin={0}
        aria-valuemax={Math.floor(track.duration)}
        aria-valuenow={0}
        aria-disabled={!maySeek}
        tabIndex={0}
        {...(maySeek && {
          onKeyDown,
          onPointerDown: (event: PointerEvent<HTMLElement>) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            choosePoint(event);
          },
          onPointerMove: (event: PointerEvent<HTMLElement>) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) choosePoint(event);
          },
          onPointerUp: seek,
          onPointerCancel: () => {
            chosen.current = undefined;
          },
        })}
      >
        {waveform.is !== 'loaded' ? (
          <>
            <span className={classes.rest} />
            <span className={classes.played} />
          </>
        ) : (
          <>
            <Wave path={waveform.path} className={classes.rest} />
            <Wave path={waveform.path} className={classes.played} />
          </>
        )}
        <span className={classes.thumb} />
      </div>
      <div className={classes.times}>
        <span ref={elapsed}>0:00</span>
        <span>{formatTime(track.duration)}</span>
      </div>
    </div>
  );
}

const Wave = ({ path, className }: { path: string; className: string | undefined }) => (
  <svg className={className} viewBox={waveformBox} preserveAspectRatio="none" aria-hidden>
    <path d={path} />
  </svg>
);
