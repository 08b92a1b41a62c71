import { useEffect } from 'react';

/**
 * Gives the focus back, when a dialog closes or is unmounted, to what had it before. Mantine's dialogs do so only if they
 * were mounted closed.
 * @param fallback selects what gets it if that is gone by then
 */
export function useFocusReturn(isOpen = true, fallback?: string): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    // The dialog takes the focus later, in a timer.
    const focused = document.activeElement;
    // An item of a menu goes with the menu: what opens that stays.
    const menu = focused?.closest('[role=menu]');
    const opener = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : focused;
    return () => {
      const isThere = opener?.isConnected && opener !== document.body;
      const target = isThere ? opener : fallback && document.querySelector(fallback);
      if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    };
  }, [isOpen, fallback]);
}
