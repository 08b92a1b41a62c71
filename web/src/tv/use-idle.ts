import { useEffect, useState } from 'react';

const signs = ['pointermove', 'pointerdown', 'keydown'] as const;

/** Whether nobody has moved the pointer or pressed a key for so long. */
export function useIdle(afterMs: number): boolean {
  const [isIdle, setIdle] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const wake = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(true), afterMs);
      setIdle(false);
    };
    wake();
    for (const sign of signs) addEventListener(sign, wake);
    return () => {
      clearTimeout(timer);
      for (const sign of signs) removeEventListener(sign, wake);
    };
  }, [afterMs]);
  return isIdle;
}
