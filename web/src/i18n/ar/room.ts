import type { Texts } from '../language.js';

export const room: Texts['room'] = {
  queue: 'التالي',
  people: 'الحاضرون',
  addMusic: 'أضف موسيقى',
  nothingPlays: 'لا شيء يُشغَّل الآن. أضف المقطع الأول.',
  queueEmpty: 'قائمة الانتظار فارغة. أضف موسيقى لنواصل.',
  vote: (title) => `صوّت لـ ${title}`,
  votes: (count) => (count === 1 ? 'صوت واحد' : `الأصوات: ${count}`),
  play: 'تشغيل',
  pause: 'إيقاف مؤقت',
  skip: 'المقطع التالي',
  turnOnSound: 'شغّل الصوت',
};
