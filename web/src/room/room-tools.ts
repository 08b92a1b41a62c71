import { createContext, useContext, useMemo } from 'react';
import { type Texts, useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import type { ActivityLog } from './activity/activity-log.js';
import type { NoticeList } from './layout/notice-list.js';
import type { DeviceSound } from './sound/device-sound.js';
import type { UploadQueue } from './uploads/upload-queue.js';

/** What lives as long as the user is in the room, and is used by several of its parts. */
export interface RoomTools {
  readonly notices: NoticeList;
  readonly uploads: UploadQueue;
  readonly activity: ActivityLog;
  readonly sound: DeviceSound;
}

const RoomToolsContext = createContext<RoomTools | undefined>(undefined);
export const RoomToolsProvider = RoomToolsContext.Provider;

export function useRoomTools(): RoomTools {
  const tools = useContext(RoomToolsContext);
  if (!tools) throw new Error('There is no RoomToolsProvider above this component.');
  return tools;
}

/** Waits for a command of the room; when it fails, the user is told why. */
export type Run = (command: Promise<unknown> | undefined) => void;

export function useRun(): Run {
  const { notices } = useRoomTools();
  const texts = useTexts();
  return useMemo(() => runner(notices, texts), [notices, texts]);
}

const runner =
  (notices: NoticeList, texts: Texts): Run =>
  (command) => {
    command?.catch((error: unknown) => notices.add(describeError(error, texts), 'error'));
  };
