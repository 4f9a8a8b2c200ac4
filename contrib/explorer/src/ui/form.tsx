// Buttons, fields and dialogs.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";

export function Button(props: {
  children: ComponentChildren;
  icon?: IconName;
  tone?: "main" | "danger";
  small?: boolean;
  busy?: boolean;
  type?: "button" | "submit";
  disabled?: boolean;
  onClick?: () => void;
}) {
  return (
    <button
      type={props.type ?? "button"}
      class={"button" + (props.tone ? " " + props.tone : "") + (props.small ? " small" : "")}
      disabled={props.disabled || props.busy}
      onClick={props.onClick}
    >
      {props.busy ? <span class="spin" aria-hidden="true" /> : props.icon && <Icon name={props.icon} size={16} />}
      {props.children}
    </button>
  );
}

/** A labelled control with what is wrong beneath it. */
export function Field(props: {
  label: string;
  help?: ComponentChildren;
  error?: string | null;
  id: string;
  children: (common: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean }) => JSX.Element;
}) {
  const about = props.help || props.error ? props.id + "-about" : undefined;
  return (
    <div class={"field" + (props.error ? " wrong" : "")}>
      <label for={props.id}>{props.label}</label>
      {props.children({ id: props.id, "aria-describedby": about, "aria-invalid": props.error ? true : undefined })}
      {about && (
        <p id={about} class="field-about">
          {props.error ? <span class="field-error">{props.error}</span> : props.help}
        </p>
      )}
    </div>
  );
}

export function Text(props: {
  label: string;
  id: string;
  value: string;
  set: (value: string) => void;
  help?: ComponentChildren;
  error?: string | null;
  placeholder?: string;
  type?: string;
  unit?: string;
  mono?: boolean;
  rows?: number;
  complete?: string;
}) {
  return (
    <Field label={props.label} id={props.id} help={props.help} error={props.error}>
      {(common) =>
        props.rows ? (
          <textarea
            {...common}
            rows={props.rows}
            class={props.mono ? "mono" : ""}
            value={props.value}
            placeholder={props.placeholder}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="none"
            onInput={(event) => props.set(event.currentTarget.value)}
          />
        ) : (
          <span class="input-frame">
            <input
              {...common}
              type={(props.type ?? "text") as "text"}
              step={props.type === "number" ? "any" : undefined}
              class={props.mono ? "mono" : ""}
              value={props.value}
              placeholder={props.placeholder}
              spellcheck={false}
              autocomplete={(props.complete ?? "off") as "off"}
              autocapitalize="none"
              onInput={(event) => props.set(event.currentTarget.value)}
            />
            {props.unit && <span class="input-unit">{props.unit}</span>}
          </span>
        )
      }
    </Field>
  );
}

export function Choice(props: {
  label: string;
  id: string;
  value: string;
  set: (value: string) => void;
  options: [value: string, name: string][];
  help?: ComponentChildren;
}) {
  return (
    <Field label={props.label} id={props.id} help={props.help}>
      {(common) => (
        <select {...common} value={props.value} onChange={(event) => props.set(event.currentTarget.value)}>
          {props.options.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A dialog that holds the focus and gives it back. Escape and its cross close it. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    dialog.querySelector<HTMLElement>(".dialog-body :is(input, select, textarea, .button)")?.focus();
    return () => {
      if (dialog.open) dialog.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={props.wide ? "wide" : ""}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        props.close();
      }}
    >
      <header class="dialog-head">
        <h2 id="dialog-title">{props.title}</h2>
        <button class="ghost" aria-label="Close" onClick={props.close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}
