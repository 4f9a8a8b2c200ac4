// Runs the script on standard input in QuickJS, an interpreter; what it gives is printed.
#include <stdio.h>
#include <string.h>

#include "quickjs.h"

int main(void) {
  static char script[1 << 16];
  const size_t size = fread(script, 1, sizeof script - 1, stdin);
  JSRuntime* runtime = JS_NewRuntime();
  JSContext* context = JS_NewContext(runtime);
  JS_SetMaxStackSize(runtime, 0);  // the sandbox has its own limit
  const JSValue value = JS_Eval(context, script, size, "input.js", JS_EVAL_TYPE_GLOBAL);
  const int failed = JS_IsException(value);
  const char* text = JS_ToCString(context, failed ? JS_GetException(context) : value);
  puts(text == NULL ? "no text" : text);
  return failed;
}
