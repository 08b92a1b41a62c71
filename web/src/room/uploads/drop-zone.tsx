import { IconMusicPlus } from '@tabler/icons-react';
import { useEffect, useEffectEvent, useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useMay } from '../permissions.js';
import { useRoomTools } from '../room-tools.js';
import classes from './drop-zone.module.css';

/**
 * Takes files that are dropped anywhere on the page, or pasted. Those of who may add none are refused here: the browser
 * would open a dropped file in place of the room.
 */
export function DropZone() {
  const { room: text } = useTexts();
  const { notices, uploads } = useRoomTools();
  const mayUpload = useMay('upload');
  const [isOver, setOver] = useState(false);
  const take = useEffectEvent((files: FileList | undefined) => {
    if (!files || files.length === 0) return;
    if (mayUpload) uploads.add(files);
    else notices.add(text.upload.notAllowed, 'error');
  });
  useEffect(() => {
    // Each element under the pointer is entered before the one before is left.
    let depth = 0;
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;
    const abort = new AbortController();
    const on = <K extends 'dragenter' | 'dragleave' | 'dragover' | 'drop'>(
      type: K,
      listener: (event: DragEvent) => void,
    ) =>
      addEventListener(
        type,
        (event) => {
          if (!hasFiles(event)) return;
          event.preventDefault();
          listener(event);
          setOver(depth > 0);
        },
        abort,
      );
    on('dragenter', () => (depth += 1));
    on('dragleave', () => (depth -= 1));
    on('dragover', () => undefined);
    on('drop', ({ dataTransfer }) => {
      depth = 0;
      take(dataTransfer?.files);
    });
    addEventListener('paste', ({ clipboardData }) => take(clipboardData?.files), abort);
    return () => abort.abort();
  }, []);
  if (!isOver || !mayUpload) return null;
  return (
    <div className={classes.overlay}>
      <div className={classes.frame}>
        <IconMusicPlus size={64} stroke={1.5} aria-hidden />
        <p>{text.upload.dropHere}</p>
      </div>
    </div>
  );
}
