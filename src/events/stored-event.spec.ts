import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { makeEvent } from './envelope.js';
import { StoredEvent } from './stored-event.js';

it('a stored event has the same envelope as JSON and as an object', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.jsonValue(),
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      (text, value, serverTime) => {
        const data = { reason: text, anything: value } as never;
        const event = makeEvent('playback_stopped', text, 1640995200.123, data, 42);
        const stored = new StoredEvent({
          room_id: text,
          sequence: 42,
          event_id: event.event_id,
          type: event.type,
          created_at: event.metadata.created_at,
          data: JSON.stringify(event.data),
        });
        const json = stored.json(serverTime);
        expect(json).toBe(JSON.stringify(stored.envelope(serverTime)));
        expect(stored.sequence).toBe(42);
      },
    ),
  );
});
