import type { Texts } from '../language.js';

export const common: Texts['common'] = {
  appName: 'Roomcast',
  tagline: 'استمعوا إلى الموسيقى معًا، في اللحظة نفسها.',
  cancel: 'إلغاء',
  close: 'إغلاق',
  save: 'حفظ',
  tryAgain: 'حاول مرة أخرى',
  loading: 'جارٍ التحميل…',
  backToRooms: 'كل الغرف',
  language: 'اللغة',
  colorScheme: 'الألوان',
  light: 'فاتح',
  dark: 'داكن',
  system: 'حسب الجهاز',
  listeners: (count) => (count === 1 ? 'شخص واحد هنا' : `عدد الحاضرين: ${count}`),
  inSeconds: (seconds) => (seconds <= 1 ? 'بعد لحظة' : `بعد ${seconds} ثانية`),
};
