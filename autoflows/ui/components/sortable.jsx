// A list whose rows are put in order by dragging a handle: with the mouse, a finger, or the keyboard (space, arrows, space; escape leaves it).
// The order changes at once in the browser and is then reported; what the server says afterwards wins. Rows are placed by CSS `order`, so the
// container must be a flex column or a grid.
import { createContext, useContext, useEffect, useId, useMemo, useRef, useState } from "react";
import { jsx } from "@emotion/react";
import { DndContext, KeyboardSensor, PointerSensor, closestCenter, useSensor, useSensors } from "@dnd-kit/core";
import { SortableContext, arrayMove, sortableKeyboardCoordinates, useSortable, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";

const Order = createContext([]);
const Item = createContext(null);

const REST_MS = 120; // a place that is only passed over is not reported

// Made once: with new ones at every drawing, each row would be drawn anew as well.
const BY_POINTER = { activationConstraint: { distance: 4 } };
const BY_KEYBOARD = { coordinateGetter: sortableKeyboardCoordinates };

const INSTRUCTIONS =
  "To move this row, press space or enter. While it is lifted, use the arrow keys to move it, space or enter to drop it, and escape to leave it where it was.";

export function Sortable({ ids = [], labels = [], revision = 0, rejoined = 0, disabled = false, onMove, onHover, onCancel, children, ...rest }) {
  const [order, setOrder] = useState(ids);
  const moved = useRef(null);
  const unanswered = useRef(null);
  const joins = useRef(rejoined);
  const visited = useRef(false);
  const resting = useRef(null);
  const joined = ids.join(" ");
  // `revision` grows when a move was refused: the ids are then the same as before, and the row must go back all the same.
  useEffect(() => {
    // The connection that was lost may have swallowed a move; one that had arrived is no move any more.
    const next = rejoined !== joins.current ? unanswered.current : null;
    const isLost = next && next.join(" ") !== joined && [...next].sort().join(" ") === [...ids].sort().join(" ");
    joins.current = rejoined;
    unanswered.current = isLost ? next : null;
    if (isLost) onMove?.(next);
    setOrder(isLost ? next : ids);
    // The browser takes the focus from a row that is put elsewhere in the page; who moves rows by keyboard wants to go on.
    const id = moved.current;
    moved.current = null;
    if (id && document.activeElement === document.body) document.querySelector(`[data-sortable-handle="${escaped(id)}"]`)?.focus();
  }, [joined, revision, rejoined]);

  const sensors = useSensors(
    useSensor(PointerSensor, BY_POINTER),
    useSensor(KeyboardSensor, BY_KEYBOARD),
  );
  const name = (id) => labels[ids.indexOf(id)] || "the row";
  const place = (id) => order.indexOf(id) + 1;
  const after = (active, over) => arrayMove(order, order.indexOf(active.id), order.indexOf(over.id));
  const announcements = {
    onDragStart: ({ active }) => {
      visited.current = false;
      return `${name(active.id)} is lifted. It is at place ${place(active.id)} of ${order.length}.`;
    },
    onDragOver: ({ active, over }) => {
      if (!over || (over.id === active.id && !visited.current)) return undefined; // it has just been lifted
      visited.current = true;
      return `${name(active.id)} would be at place ${place(over.id)} of ${order.length}.`;
    },
    onDragEnd: ({ active, over }) => (over ? `${name(active.id)} was dropped at place ${place(over.id)} of ${order.length}.` : `${name(active.id)} was dropped.`),
    onDragCancel: ({ active }) => `${name(active.id)} stays at place ${place(active.id)}.`,
  };

  const hover = ({ active, over }) => {
    clearTimeout(resting.current);
    if (over && active.id !== over.id) resting.current = setTimeout(() => onHover?.(after(active, over)), REST_MS);
    else onCancel?.();
  };
  const leave = () => {
    clearTimeout(resting.current);
    onCancel?.();
  };
  const end = ({ active, over }) => {
    clearTimeout(resting.current);
    if (!over || active.id === over.id) {
      onCancel?.();
      return;
    }
    const next = after(active, over);
    moved.current = active.id;
    unanswered.current = next;
    setOrder(next);
    onMove?.(next);
  };
  return jsx(
    DndContext,
    {
      id: useId(),
      sensors,
      collisionDetection: closestCenter,
      accessibility: { announcements, screenReaderInstructions: { draggable: INSTRUCTIONS } },
      onDragOver: hover,
      onDragEnd: end,
      onDragCancel: leave,
    },
    jsx(
      SortableContext,
      { items: order, strategy: verticalListSortingStrategy, disabled },
      jsx(Order.Provider, { value: order }, jsx("ol", rest, children)),
    ),
  );
}

const escaped = (text) => (window.CSS?.escape ? window.CSS.escape(text) : text);

export function SortableRow({ itemId, className = "", children, style, ...rest }) {
  const order = useContext(Order);
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({ id: itemId });
  const handle = useMemo(
    () => ({ id: itemId, attributes, listeners, setActivatorNodeRef }),
    [itemId, attributes, listeners, setActivatorNodeRef],
  );
  return jsx(
    Item.Provider,
    { value: handle },
    jsx(
      "li",
      {
        ...rest,
        ref: setNodeRef,
        className: isDragging ? `${className} af-sortable-lifted` : className,
        "data-sortable": itemId,
        style: { ...style, order: order.indexOf(itemId), transform: CSS.Translate.toString(transform), transition },
      },
      children,
    ),
  );
}

export function SortableHandle({ label, disabled = false, className = "", children, ...rest }) {
  const item = useContext(Item);
  if (!item) return null;
  const { role, tabIndex, ...described } = item.attributes;
  return jsx(
    "button",
    {
      ...rest,
      ...(disabled ? {} : { ...described, ...item.listeners }),
      ref: item.setActivatorNodeRef,
      type: "button",
      disabled,
      className: `af-sortable-handle ${className}`,
      "aria-label": label,
      title: label,
      "data-sortable-handle": item.id,
    },
    children,
  );
}
