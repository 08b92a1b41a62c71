import { ValueStore } from '../../stores/value-store.js';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: 'error' | 'info';
}

const shownMs = 7_000;
const maxNotices = 3;

/** The short messages of the room that go away by themselves. The same text is shown once. */
export class NoticeList extends ValueStore<readonly Notice[]> {
  #lastId = 0;

  constructor() {
    super([]);
  }

  add(text: string, kind: Notice['kind'] = 'info'): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const others = this.current.filter((notice) => notice.text !== text);
    this.set([...others, { id, text, kind }].slice(-maxNotices));
    setTimeout(() => this.remove(id), shownMs);
  }

  remove(id: number): void {
    if (this.current.some((notice) => notice.id === id)) {
      this.set(this.current.filter((notice) => notice.id !== id));
    }
  }
}
