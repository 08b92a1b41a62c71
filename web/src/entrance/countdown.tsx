import { Button, Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTexts } from '../i18n/language.js';

/** Says why something is waited for, and when it is tried again. @param at Unix time in milliseconds */
export function Countdown({ reason, at, onRetry }: { reason: string; at: number; onRetry: () => void }) {
  const { common, entrance } = useTexts();
  const seconds = useSecondsUntil(at);
  return (
    <div>
      <Text role="status" size="sm">
        {reason}
      </Text>
      <Group gap="xs" justify="space-between">
        {/* Not in the live region: it would be read out every second. */}
        <Text size="sm" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {entrance.retrying(common.inSeconds(seconds))}
        </Text>
        <Button variant="subtle" size="compact-sm" mih={44} onClick={onRetry}>
          {entrance.tryNow}
        </Button>
      </Group>
    </div>
  );
}

/** @param at Unix time in milliseconds; undefined counts nothing */
export function useSecondsUntil(at: number | undefined): number {
  const left = () => (at === undefined ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000)));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    if (at === undefined) return;
    const update = () => setSeconds(left());
    update();
    const timer = setInterval(update, 500);
    return () => clearInterval(timer);
  }, [at]);
  return seconds;
}
