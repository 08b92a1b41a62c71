import { useEffect } from 'react';

/**
 * Gives the focus back, when a dialog closes or is unmounted, to what had it before. Mantine's dialogs do so only if they
 * were mounted closed.
 */
export function useFocusReturn(isOpen = true): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    // The dialog takes the focus later, in a timer.
    const focused = document.activeElement;
    // An item of a menu goes with the menu: what opens that stays.
    const menu = focused?.closest('[role=menu]');
    const opener = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : focused;
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, [isOpen]);
}
