import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useRef } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useRoomTools } from '../room-tools.js';

/** Phones offer their music with `audio/*`; some name files of these endings differently. */
const accept = 'audio/*,.mp3,.m4a,.aac,.flac,.ogg,.oga,.opus,.wav';

/** Chooses files to add to the queue. */
export function AddMusicButton({ size }: { size: 'sm' | 'lg' }) {
  const { room: text } = useTexts();
  const { uploads } = useRoomTools();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={accept}
        onChange={({ currentTarget }) => {
          uploads.add(currentTarget.files ?? []);
          // The same file may be chosen again.
          currentTarget.value = '';
        }}
      />
      <Button
        size={size}
        h={size === 'sm' ? 44 : 52}
        radius="xl"
        flex="none"
        leftSection={<IconPlus size={18} aria-hidden />}
        onClick={() => input.current?.click()}
      >
        {text.addMusic}
      </Button>
    </>
  );
}
