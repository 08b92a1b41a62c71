import type { Texts } from '../language.js';

export const account: Texts['account'] = {
  menu: (name) => `الحساب: ${name}`,
  guest: 'ضيف على هذا الجهاز',
  registered: 'مسجَّل',
  signIn: 'تسجيل الدخول',
  signOut: 'تسجيل الخروج',
  register: 'إنشاء حساب',
  signInTitle: 'تسجيل الدخول',
  registerTitle: 'إنشاء حساب',
  registerGuestText: 'تحتفظ بغرفك وأصواتك ومكانك في الغرفة.',
  registerText: 'عندها يمكنك الدخول من أي جهاز.',
  signInText: 'بالاسم وكلمة المرور اللذين سجّلتهما.',
  signInLeavesGuest: 'أنت ضيف الآن. ما لدى الضيف لا يُضاف إلى الحساب.',
  username: 'الاسم',
  password: 'كلمة المرور',
  passwordHint: '8 أحرف على الأقل',
  toRegister: 'جديد هنا؟ أنشئ حسابًا',
  toSignIn: 'لديك حساب؟ سجّل الدخول',
  signOutGuestTitle: 'تسجيل خروج الضيف؟',
  signOutGuestText:
    'لا يمكن للضيف الدخول مرة أخرى. تبقى غرفك وأصواتك لكنها لن تعود لك. أنشئ حسابًا لتحتفظ بها.',
  signOutAnyway: 'تسجيل الخروج على أي حال',
  appearance: 'اللغة والألوان',
};
