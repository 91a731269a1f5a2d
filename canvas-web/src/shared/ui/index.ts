/** The component library. Features import from here only. */
export { Button, Chip, IconButton, Keys, type ButtonProps, type ButtonTone, type IconButtonProps } from "./button";
export { Dialog, type DialogProps } from "./dialog";
export { Dock, type DockProps } from "./dock";
export { JsonTree, type JsonTreeProps } from "./jsonTree";
export { KindTile, kindOf, type Kind, type KindLook } from "./kind";
export { Menu, MenuButton, Popover, type MenuAction, type MenuEntry } from "./menu";
export { NoticeHost, announce, toast, type Toast } from "./notices";
export { Banner, Empty, Skeleton } from "./states";
export { ProblemSign, StatusBadge, StatusSign } from "./status";
export { duration, shownStatus, statusWord, type RunStatus } from "./statusWords";
export { Tabs, type TabItem } from "./tabs";
export { TooltipHost } from "./tooltip";
export { FlowFaces, TopBar } from "./topBar";
