import { positionAt } from '@roomcast/client';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useJoinedRoom } from '../joined-room.js';

/**
 * Calls `draw` with the position and duration in seconds: in each frame while the room plays, and after each change.
 * It is for writing to the document directly, so that the time that passes renders no component.
 */
export function useEachPosition(draw: (position: number, duration: number) => void): void {
  const { room } = useJoinedRoom();
  const newest = useRef(draw);
  useLayoutEffect(() => {
    newest.current = draw;
  });
  useEffect(() => {
    let frame = 0;
    const step = () => {
      frame = 0;
      const { playback, current_track: track } = room.state.current;
      const duration = track?.duration ?? 0;
      const position = Math.min(positionAt(playback, room.clock.now()), duration);
      newest.current(Math.max(0, position), duration);
      if (playback.status === 'playing') request();
    };
    const request = () => {
      if (frame === 0) frame = requestAnimationFrame(step);
    };
    request();
    const unsubscribe = room.state.subscribe(request);
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [room]);
}

/** @param seconds 0 or more @returns for example 3:05 or 1:02:05 */
export function formatTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (value: number) => String(value).padStart(2, '0');
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
