import type { Texts } from '../language.js';

export const tv: Texts['tv'] = {
  title: 'الشاشة الكبيرة',
  intro: (room) => `${room} على هذه الشاشة، مع الصوت.`,
  introUnknown: 'الغرفة على هذه الشاشة، مع الصوت.',
  screenName: 'اسم هذه الشاشة',
  defaultName: 'شاشة',
  start: 'ابدأ',
  starting: 'جارٍ البدء…',
  fullScreen: 'ملء الشاشة',
  leave: 'العودة إلى الغرفة',
  nowPlaying: 'يُشغَّل الآن',
  upNext: 'التالي',
  paused: 'متوقف مؤقتًا',
  silence: 'الهدوء يسود هنا',
  addByPhone: 'امسح الرمز وأضف المقطع الأول.',
  nothingNext: 'لا شيء في الانتظار. امسح الرمز وأضف موسيقى.',
  scan: 'امسح الرمز للانضمام',
  scanToAdd: 'امسح الرمز للانضمام وإضافة موسيقى',
  codeLabel: 'رمز QR لرابط هذه الغرفة',
  turnOnSound: 'شغّل الصوت',
  progress: 'الموضع',
};
