interface CheckBoxProps {
  readonly id: string;
  readonly label: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}

/** A choice of an action. */
export function CheckBox({ id, label, isChecked, onChange }: CheckBoxProps) {
  return (
    <p class="check">
      <input id={id} type="checkbox" checked={isChecked} onChange={(event) => onChange(event.currentTarget.checked)} />{' '}
      <label for={id}>{label}</label>
    </p>
  );
}
