// Symbolic links, hard links, pipes, sockets and devices.
#include <utility>

#include "metadata/metadata.h"
#include "publish/private_name.h"
#include "tree/tree_worker.h"

namespace libcopyfile {
namespace {

constexpr int kNameAttempts = 100;

}  // namespace

// Gives what make() makes its name: at once where nobody sees it, else by rename, when it is complete.
template <class Make>
Done TreeWorker::put(const Place& place, Way way, Make&& make) {
  Names& names = s_.system.names;
  if (place.unseen || s_.options.in_place) {
    if (way != Way::create) {
      if (Done ok = names.unlink(place.out_dir, place.out_name); !ok) return ok;
    }
    return make(place.out_dir, place.out_name);
  }
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    const std::string temporary = private_name_in(s_.system.files, place.out_dir);
    Done ok = make(place.out_dir, temporary);
    if (!ok && ok.error().code == EEXIST) continue;
    const bool may_replace =
        way != Way::create || (s_.options.overwrite == Overwrite::always && !may_be_one(place));
    if (ok) {
      ok = names.rename(place.out_dir, temporary, place.out_name,
                        may_replace ? Rename::replace : Rename::no_replace);
    }
    // Also after success: renaming one name of a file over another of the same leaves both.
    (void)names.unlink(place.out_dir, temporary);
    return ok;
  }
  return libcopyfile::fail(EEXIST, Op::create, place.out_name);
}

void TreeWorker::make_special(const Place& place, const FileStat& stat, Way way) {
  const bool link = stat.type == FileType::link;
  const Made what = link ? Made::symbolic_link : Made::special;
  if (s_.options.form == Form::attributes_only && way != Way::create) {
    // It would take data away.
    return fail(place, stat, link ? Trouble::cannot_create_link : Trouble::cannot_create_special,
                Error{EEXIST, Op::create, {}, {}});
  }
  if (s_.options.dry_run) return made(place, stat, what, {});
  std::vector<Loss> losses;
  bool is_made = false;
  const Done ok = put(place, way, [&](int dir, const std::string& name) {
    Done done = make_node(place, stat, dir, name);
    is_made = done.has_value();
    return done ? give_special_metadata(place, stat, dir, name, losses) : done;
  });
  if (!ok) {
    const bool reading = ok.error().op == Op::open && !is_made;
    fail(place, stat,
         reading ? Trouble::cannot_read_link
                 : (link ? Trouble::cannot_create_link : Trouble::cannot_create_special),
         ok.error());
    return no_copy_of(stat);
  }
  made(place, stat, what, losses);
  if (may_have_names(place, stat)) give_other_names(place, stat);
}

Done TreeWorker::make_node(const Place& place, const FileStat& stat, int dir,
                           const std::string& name) {
  if (stat.type == FileType::link) {
    const Result<std::string> target = s_.system.names.read_link(place.in_dir, place.in_name);
    if (!target) return libcopyfile::fail(target.error());
    return s_.system.names.make_link(dir, name, *target);
  }
  return s_.system.names.make_node(dir, name, stat.format, stat.special_device);
}

Done TreeWorker::give_special_metadata(const Place& place, const FileStat& stat, int dir,
                                       const std::string& name, std::vector<Loss>& losses) {
  if (stat.type == FileType::link && !s_.gives(~uint64_t{0})) return {};
  // By a descriptor of just this file: its name may be given to another one meanwhile.
  const Result<Fd> out = s_.system.names.open(dir, name, Open::look_path);
  if (!out) return libcopyfile::fail(out.error());
  const Result<FileStat> now = s_.system.files.stat(out->get());
  if (!now) return libcopyfile::fail(now.error());
  if (now->format != stat.format || now->links != 1) {
    return libcopyfile::fail(EAGAIN, Op::create, name);
  }
  const Result<Fd> in = s_.system.names.open(place.in_dir, place.in_name, Open::look_path);
  if (!in) return libcopyfile::fail(in.error());
  if (stat.type != FileType::link) return give_metadata(in->get(), stat, out->get(), true, losses);
  return give_link_metadata(in->get(), stat, out->get(), *now, losses);
}

// A symbolic link has no rights of its own: an owner, times, and on some systems a label.
Done TreeWorker::give_link_metadata(int in, const FileStat& stat, int out, const FileStat& now,
                                    std::vector<Loss>& losses) {
  Attributes& attributes = s_.system.attributes;
  const auto lose = [&](uint64_t c, const std::string& name, const Error& why) -> Done {
    losses.push_back({c, name, why.code});
    if ((s_.common.required & c) != 0) return libcopyfile::fail(why);
    return {};
  };
  if (s_.gives(metadata::kOwner) && (stat.owner != now.owner || stat.group != now.group)) {
    if (Done ok = attributes.set_owner(out, stat.owner, stat.group); !ok) {
      if (Done lost = lose(metadata::kOwner, "owner", ok.error()); !lost) return lost;
    }
  }
  if (s_.gives(metadata::kXattr | metadata::kLabel)) {
    const Result<std::vector<std::string>> names = attributes.list_xattrs(in);
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      const uint64_t c = class_of_xattr(attributes, name);
      if (!s_.gives(c)) continue;
      const Result<std::string> value = attributes.get_xattr(in, name);
      const Done ok =
          value ? attributes.set_xattr(out, name, *value) : Done(libcopyfile::fail(value.error()));
      if (ok) continue;
      if (Done lost = lose(c, name, ok.error()); !lost) return lost;
    }
  }
  if (!s_.gives(metadata::kTimes)) return {};
  if (Done ok = attributes.set_times(out, stat.accessed, stat.modified); !ok) {
    return lose(metadata::kTimes, "times", ok.error());
  }
  return {};
}

void TreeWorker::make_form_of_link(const Place& place, const FileStat& stat, Way way) {
  const bool symbolic = s_.options.form == Form::symbolic_link;
  const Made what = symbolic ? Made::symbolic_link : Made::hard_link;
  const Trouble trouble = symbolic ? Trouble::cannot_create_link : Trouble::cannot_create_hard_link;
  const std::string target = place.from_path();
  if (symbolic && !target.starts_with('/')) {
    const Result<FileStat> here = s_.system.names.stat(kCurrentDirectory, ".", true);
    const Result<FileStat> there = s_.system.names.stat(place.out_dir, ".", true);
    if (!here || !there || here->inode != there->inode || here->device != there->device) {
      return fail(place, stat, Trouble::relative_link, Error{EINVAL, Op::create, {}, {}});
    }
  }
  const bool makes_way = stat.type == FileType::link && !symbolic && !is_followed(place);
  const bool in_the_way = way != Way::create && !s_.options.force && !s_.options.ask &&
                          !makes_way && !s_.options.remove_destination &&
                          s_.options.backup == Backup::none;
  if (in_the_way) return fail(place, stat, trouble, Error{EEXIST, Op::link, {}, {}});
  if (s_.options.dry_run) return made(place, stat, what, {});
  const Done ok = put(place, way, [&](int dir, const std::string& name) -> Done {
    if (symbolic) {
      Done made = s_.system.names.make_link(dir, name, target);
      if (!made || !s_.gives(metadata::kTimes)) return made;
      const Result<Fd> link = s_.system.names.open(dir, name, Open::look_path);
      if (link) (void)s_.system.attributes.set_times(link->get(), stat.accessed, stat.modified);
      return made;
    }
    if (s_.options.follow != FollowLinks::always) {
      return s_.system.names.link_name(place.in_dir, place.in_name, dir, name);
    }
    const Result<Fd> followed = s_.system.names.open(place.in_dir, place.in_name, Open::path);
    if (!followed) return libcopyfile::fail(followed.error());
    return s_.system.names.link(followed->get(), dir, name);
  });
  if (!ok) return fail(place, stat, trouble, ok.error());
  made(place, stat, what, {});
}

LinkName TreeWorker::link_name(const Place& place, const FileStat& stat, bool replace) const {
  LinkName name{place.directory, {}, {}, place.in_name, place.out_name, stat, replace, -1};
  if (s_.options.follow != FollowLinks::never) name.source.links = UINT32_MAX;
  if (!place.is_operand()) return name;
  name.from = place.from;
  name.to = place.to;
  name.out_dir = place.out_dir;
  return name;
}

// Where links are followed, they are more names of a file, and nobody knows how many.
bool TreeWorker::may_have_names(const Place& place, const FileStat& stat) const {
  if (!s_.options.keep_hard_links) return false;
  return stat.links > 1 || is_followed(place);
}

bool TreeWorker::is_followed(const Place& place) const {
  return s_.options.follow == FollowLinks::always ||
         (place.is_operand() && s_.options.follow == FollowLinks::operands);
}

bool TreeWorker::is_first_name(const Place& place, const FileStat& stat, Way way) {
  if (!may_have_names(place, stat) || s_.options.dry_run) return true;
  const LinkName name = link_name(place, stat, way != Way::create);
  // Whoever makes the copy must find us, and our directory not complete.
  if (place.directory != nullptr) place.directory->expect();
  LinkName original;
  const HardLinks::Turn turn = s_.links.arrive(name, original);
  if (turn == HardLinks::Turn::wait) return false;
  if (turn == HardLinks::Turn::link) link_to(original, name);
  if (place.directory != nullptr) complete(place.directory);
  return turn == HardLinks::Turn::copy;
}

// What is there already is the copy that other names are to be links to.
void TreeWorker::keep_name(const Place& place, const FileStat& stat) {
  if (!s_.options.keep_hard_links || stat.links < 2 || s_.options.dry_run) return;
  if (is_first_name(place, stat, Way::replace)) give_other_names(place, stat);
}

void TreeWorker::give_other_names(const Place& place, const FileStat& stat) {
  const LinkName original = link_name(place, stat, false);
  for (LinkName& name : s_.links.done(original)) {
    link_to(original, name);
    complete(std::move(name.directory));
  }
}

// Another name of it takes its turn: it may be in a directory that can be written to.
void TreeWorker::no_copy_of(const FileStat& stat) {
  if (!s_.options.keep_hard_links) return;
  if (stat.links < 2 && s_.options.follow == FollowLinks::never) return;
  std::optional<LinkName> next = s_.links.failed(stat);
  if (!next) return;
  // One after the other, not one in the other: there may be thousands, of which each fails.
  to_try_again_.push_back(*std::move(next));
  if (to_try_again_.size() > 1) return;
  for (; !to_try_again_.empty(); to_try_again_.pop_front()) try_again(to_try_again_.front());
}

void TreeWorker::try_again(const LinkName& name) {
  if (name.directory == nullptr) {
    Place place{nullptr, kCurrentDirectory, name.name, name.out_dir, name.out_name,
                false,   name.from,         name.to};
    if (!s_.stop) copy_other(place, name.source);
    return;
  }
  const Result<TreeDirectory::Use> use = name.directory->use(s_.system.names, s_.system.files);
  if (!use) {
    fail(Place{name.directory, -1, name.name, -1, name.out_name, false, {}, {}}, name.source,
         Trouble::cannot_open, use.error());
  } else if (!s_.stop) {
    copy_other(place_in(name.directory, *use, name.name), name.source);
  }
  complete(name.directory);
}

void TreeWorker::link_to(const LinkName& original, const LinkName& name) {
  Names& names = s_.system.names;
  std::optional<TreeDirectory::Use> from;
  std::optional<TreeDirectory::Use> to;
  Place place{name.directory, -1,    name.name, name.out_dir,
              name.out_name,  false, name.from, name.to};
  for (const auto& [of, use] : {std::pair(&original, &from), std::pair(&name, &to)}) {
    if (of->directory == nullptr) continue;
    Result<TreeDirectory::Use> opened = of->directory->use(names, s_.system.files);
    if (!opened) return fail(place, name.source, Trouble::cannot_create_hard_link, opened.error());
    *use = std::move(*opened);
  }
  if (to) {
    place.out_dir = to->out();
    place.unseen = name.directory->unseen;
  }
  const int from_dir = from ? from->out() : original.out_dir;
  if (name.replace) {
    const Result<FileStat> now = names.stat(place.out_dir, place.out_name, false);
    const Result<FileStat> copy = names.stat(from_dir, original.out_name, false);
    if (now && copy && now->inode == copy->inode && now->device == copy->device) return;
  }
  const Done ok =
      put(place, name.replace ? Way::replace : Way::create, [&](int dir, const std::string& as) {
        return names.link_name(from_dir, original.out_name, dir, as);
      });
  if (!ok) return fail(place, name.source, Trouble::cannot_create_hard_link, ok.error());
  made(place, name.source, Made::hard_link, {});
}

}  // namespace libcopyfile
