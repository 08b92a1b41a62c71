import { Type } from 'typebox';
import { catalogue, commonData, type EventType, eventTypes, Metadata } from './catalogue.js';
import { Id, shape } from './views.js';

/** The schema of the envelope of one type, as it is sent. */
export const envelopeOf = (type: EventType) =>
  shape(
    {
      event_id: Id,
      type: Type.Literal(type),
      data: shape({ ...commonData, ...catalogue[type].data.properties }),
      metadata: Metadata,
    },
    catalogue[type].description,
  );

/** The schema of the envelope of any type. */
export const AnyEnvelope = Type.Union(eventTypes.map(envelopeOf));
