import { useEffect, useRef } from 'react';
import { useJoinedRoom } from '../joined-room.js';
import classes from './floating-reactions.module.css';

const durationMs = 2_600;
/** In a large room more would come than anyone can see. */
const maxFloating = 24;

/**
 * The reactions of the room float up over the cover and fade; for who wants no motion they only fade. They are not read
 * out.
 */
export function FloatingReactions() {
  const { room } = useJoinedRoom();
  const stage = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      room.on('reaction_sent', ({ data }, { replayed }) => {
        if (!replayed && stage.current && !document.hidden) float(stage.current, data.reaction);
      }),
    [room],
  );
  return <div ref={stage} className={classes.stage} aria-hidden />;
}

function float(stage: HTMLElement, reaction: string): void {
  if (stage.childElementCount >= maxFloating) return;
  const element = document.createElement('span');
  element.className = classes.reaction!;
  element.textContent = reaction;
  element.style.insetInlineStart = `${10 + Math.random() * 75}%`;
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  // Those that stay where they are would lie on each other at the bottom.
  if (isStill) element.style.bottom = `${5 + Math.random() * 75}%`;
  stage.append(element);
  const frames = isStill ? fade : rise(stage);
  const animation = element.animate(frames, { duration: durationMs, easing: 'ease-out' });
  animation.onfinish = () => element.remove();
}

const fade: Keyframe[] = [
  { opacity: 0 },
  { opacity: 1, offset: 0.15 },
  { opacity: 1, offset: 0.6 },
  { opacity: 0 },
];

function rise(stage: HTMLElement): Keyframe[] {
  const drift = (Math.random() - 0.5) * 60;
  return [
    { transform: 'translateY(0) scale(0.6)', opacity: 0 },
    { transform: `translate(${drift * 0.3}px, -20%) scale(1.2)`, opacity: 1, offset: 0.15 },
    { transform: `translate(${drift}px, -${stage.clientHeight * 0.85}px) scale(1)`, opacity: 0 },
  ];
}
