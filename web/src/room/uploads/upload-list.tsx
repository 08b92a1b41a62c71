import { ActionIcon, CloseButton, Text } from '@mantine/core';
import type { Upload } from '@roomcast/client';
import { IconAlertCircle, IconRefresh, IconX } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { describeError } from '../../parts/describe-error.js';
import { useStore } from '../../stores/use-store.js';
import { useRoomTools } from '../room-tools.js';
import classes from './upload-list.module.css';
import type { UploadEntry } from './upload-queue.js';

const maxShownWaiting = 2;

/** The user's uploads: those on their way, those that were refused and why, and a summary at the end. */
export function UploadList() {
  const { room: text } = useTexts();
  const { uploads } = useRoomTools();
  const entries = useStore(uploads);
  if (entries.length === 0) return null;
  const of = (is: UploadEntry['state']['is']) => entries.filter(({ state }) => state.is === is);
  const waiting = of('waiting');
  const hidden = waiting.length - maxShownWaiting;
  const added = of('done').length;
  const refused = of('failed').length;
  const summary = [
    ...(added > 0 ? [text.upload.added(added)] : []),
    ...(refused > 0 ? [text.upload.refused(refused)] : []),
  ].join(' · ');
  return (
    <section className={classes.list} aria-label={text.upload.title}>
      {[...of('failed'), ...of('sending'), ...waiting.slice(0, maxShownWaiting)].map((entry) => (
        <UploadRow key={entry.id} entry={entry} />
      ))}
      {hidden > 0 && (
        <Text size="sm" c="dimmed">
          {text.upload.waitingMore(hidden)}
        </Text>
      )}
      <div className={classes.summary}>
        <Text size="sm" role="status">
          {uploads.isBusy ? '' : summary}
        </Text>
        {!uploads.isBusy && (
          <CloseButton size="lg" aria-label={text.upload.dismiss} onClick={() => uploads.clear()} />
        )}
      </div>
    </section>
  );
}

function UploadRow({ entry: { id, file, state } }: { entry: UploadEntry }) {
  const texts = useTexts();
  const { upload: text } = texts.room;
  const { uploads } = useRoomTools();
  return (
    <div className={classes.row}>
      <div className={classes.texts}>
        <Text size="sm" truncate dir="auto">
          {file.name}
        </Text>
        {state.is === 'failed' && (
          <Text size="xs" className={classes.reason} role="alert">
            <IconAlertCircle size={14} aria-hidden /> {describeError(state.error, texts)}
          </Text>
        )}
        {state.is === 'waiting' && (
          <Text size="xs" c="dimmed">
            {text.waiting}
          </Text>
        )}
        {state.is === 'sending' && <UploadProgress upload={state.upload} name={file.name} />}
      </div>
      {state.is === 'failed' && (
        <ActionIcon
          size={44}
          variant="subtle"
          aria-label={text.retry(file.name)}
          onClick={() => uploads.retry(id)}
        >
          <IconRefresh size={18} />
        </ActionIcon>
      )}
      <ActionIcon
        size={44}
        variant="subtle"
        color="gray"
        aria-label={text.cancel(file.name)}
        onClick={() => uploads.cancel(id)}
      >
        <IconX size={18} />
      </ActionIcon>
    </div>
  );
}

function UploadProgress({ upload, name }: { upload: Upload; name: string }) {
  const { upload: text } = useTexts().room;
  const { sent, total } = useStore(upload.progress);
  const percent = total > 0 ? Math.round((sent / total) * 100) : 0;
  return (
    <>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label={text.progress(name)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span style={{ width: `${percent}%` }} />
      </div>
      {percent === 100 && (
        <Text size="xs" c="dimmed">
          {text.processing}
        </Text>
      )}
    </>
  );
}
