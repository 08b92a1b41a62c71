import { flushSync } from 'react-dom';

/** Attribute of the buttons that remove a track from the queue. */
export const removeControl = 'data-remove-control';

/**
 * Carries out what removes the row of a button. If the button has the focus by keyboard, the next row's gets it, else the
 * last one, else the heading of the panel: with the row the focus would be lost.
 */
export function keepFocus(button: HTMLElement, remove: () => void): void {
  if (!button.matches(':focus-visible')) return remove();
  const panel = button.closest('section');
  const buttons = () => [...(panel?.querySelectorAll<HTMLElement>(`[${removeControl}]`) ?? [])];
  const index = buttons().indexOf(button);
  flushSync(remove);
  const left = buttons();
  const next = left[index] ?? left.at(-1) ?? panel?.querySelector<HTMLElement>('h2');
  next?.focus();
}
