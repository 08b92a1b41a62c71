import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck, IconCopy, IconShare2 } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { isolate } from '../parts/isolate.js';
import { useRoomState } from '../room/joined-room.js';
import { copyText } from './copy-text.js';
import { QrCode } from './qr-code.js';

const shownMs = 3_000;
/** Addresses that lead other devices to themselves. */
const localNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** One link, to be copied, shared or scanned. */
export function ShareLink({ url }: { url: string }) {
  const { common, sharing } = useTexts();
  const name = useRoomState((state) => state.name);
  const input = useRef<HTMLInputElement>(null);
  const [result, setResult] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (result !== 'copied') return;
    const timer = setTimeout(() => setResult(undefined), shownMs);
    return () => clearTimeout(timer);
  }, [result]);

  async function copy() {
    const copied = await copyText(url, input.current);
    setResult(copied ? 'copied' : 'failed');
  }

  return (
    <Stack>
      <QrCode text={url} />
      <TextInput
        ref={input}
        label={sharing.link}
        value={url}
        readOnly
        dir="ltr"
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <Group grow>
        <Button
          h={44}
          leftSection={
            result === 'copied' ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />
          }
          onClick={() => void copy()}
        >
          {result === 'copied' ? sharing.copied : sharing.copy}
        </Button>
        {'share' in navigator && (
          <Button
            h={44}
            variant="default"
            leftSection={<IconShare2 size={18} aria-hidden />}
            onClick={() =>
              // Rejects when the user changes their mind.
              void navigator
                .share({ url, title: common.appName, text: sharing.shareText(isolate(name)) })
                .catch(() => undefined)
            }
          >
            {sharing.shareWith}
          </Button>
        )}
      </Group>
      <Text role="status" size="sm" c="dimmed">
        {result === 'failed' && sharing.copyFailed}
        {result === undefined && localNames.includes(location.hostname) && sharing.localOnly}
      </Text>
    </Stack>
  );
}
